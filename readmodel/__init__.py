"""What happened: consumes events into lists, timelines and the funnel; the gateway reads them through `queries`."""
