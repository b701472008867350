"""Other relations than identity, and two hops (arXiv 2309.12288, section 4.1; arXiv 2411.16353)."""
