"""Repetition suppression: does the pattern win over the instruction? (Inverse Scaling Prize)"""
