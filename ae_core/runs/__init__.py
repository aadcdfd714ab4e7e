"""Runs on disk: store, log, quota, run file, report, links."""
