"""The figures of the study, a module each: functions of params and tables that return a matplotlib figure."""
