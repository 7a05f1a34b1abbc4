"""Speed as ratios within one run, and what a server bears; each program prints JSON."""
