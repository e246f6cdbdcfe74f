"""One module for each format that a photo may have; each offers `read` and `encoded`."""
