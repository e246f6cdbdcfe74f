"""Give a photo the depth of field of a fast lens."""
