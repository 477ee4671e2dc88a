"""Files of tensors, read without the library that wrote them."""
