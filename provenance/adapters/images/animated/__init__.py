"""Animated GIF, APNG and WebP: every frame as a viewer sees it, and a file of other frames.

One module a container, each with `patches(data, limits)`, which takes the frames out without decoding a pixel, and a
writer. `compose` lays the frames over each other, `changes` says what a new frame has to draw. One canvas is held at a
time, never the animation.
"""
