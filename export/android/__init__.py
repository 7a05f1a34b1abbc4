"""An Android app that runs the exported .tflite: a project for Gradle, and what puts a model into it."""
