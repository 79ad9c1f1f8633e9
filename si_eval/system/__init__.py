"""What the machine brings to a run: folders of output, dead leftovers, failures, threads, the date, progress."""
