"""What an operator copies: settings of TensorFlow Serving, and a client. README.md tells how."""
