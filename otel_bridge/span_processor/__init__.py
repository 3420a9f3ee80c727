"""The span processor: ends of spans in, batches of events out, in the background."""
