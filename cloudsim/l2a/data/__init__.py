"""Problems that somebody else wrote: a user's files, another package's generators."""
