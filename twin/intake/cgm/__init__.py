"""Continuous glucose monitors: Dexcom Clarity, LibreView, and workbooks of Medtronic and Senseonics."""
