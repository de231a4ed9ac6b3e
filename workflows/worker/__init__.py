"""The resident worker: takes jobs from the LaunchPad, its potential loaded from job to job."""
