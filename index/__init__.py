"""Fingerprints, vector index and matching: is this picture, or part of it, a picture seen before?"""
