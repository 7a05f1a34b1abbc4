"""A page that runs the exported .tflite in the visitor's own browser."""
