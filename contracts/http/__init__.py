"""What the services say over HTTP (stage data that moves no lifecycle); the gateway passes it on unchanged."""
