"""A region to try things in: two hospitals, their people, their peers, and a consultation played through."""
