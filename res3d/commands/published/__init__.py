"""Commands about published weights, and the flags of all that may fetch them."""
