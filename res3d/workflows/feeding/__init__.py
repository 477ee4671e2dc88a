"""What a recipe says of clips on their way to the network, as functions of `pipelines.augment`."""
