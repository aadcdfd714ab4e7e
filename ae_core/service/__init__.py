"""Trainings that outlive a page: tickets, cluster, worker, jobs."""
