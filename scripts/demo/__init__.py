"""`make demo`: the main job on real images, from registration to report."""
