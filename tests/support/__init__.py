"""What the tests stand on: databases, a server, a browser and the people in the stories."""
