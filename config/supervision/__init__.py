"""Every daemon of one machine, started together and kept alive."""
