"""serving.deploy.templates"""
