"""What metrics files tell: read leniently, put together by run, shown as tables or as one page."""
