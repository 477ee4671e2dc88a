"""Where the three packages are joined: train, evaluate, predict, features, export."""
