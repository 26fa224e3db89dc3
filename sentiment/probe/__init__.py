"""The canary while it is served: asked what stable is asked, judged, and withdrawn when it is bad."""
