"""Salesforce Messaging for In-App and Web (Enhanced Chat), REST v2 and its event stream.

Source: the protocol notes; sections are quoted in the files.
"""
