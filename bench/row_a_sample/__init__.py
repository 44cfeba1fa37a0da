"""What bench/sync.py compares with: samples as rows through REST framework, in an app of its own."""
