"""The sizes of pictures as the headers in a video's own packets tell them, without decoding any."""
