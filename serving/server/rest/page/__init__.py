"""The page of `res3d serve --page`: what it shows, and its paths over HTTP."""
