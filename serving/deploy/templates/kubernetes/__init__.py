"""serving.deploy.templates.kubernetes"""
