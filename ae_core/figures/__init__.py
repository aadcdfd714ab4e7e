"""Plotly figures and rows of digits as values, from plain data."""
