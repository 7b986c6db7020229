"""The words of each command: options, help, exit codes.

What a command does is imported when it is called, so that `harness --help` waits for nothing.
"""
