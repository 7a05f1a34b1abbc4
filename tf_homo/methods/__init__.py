"""Translation systems, one file each: its Config and its class. tf_homo.method finds them by their files."""
