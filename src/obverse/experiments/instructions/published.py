"""Numbers published for experiment 3 (Berglund et al. 2023, arXiv 2309.12288, appendix C)."""

# C.1: the highest exact match of the sweep, on 100 held-out questions.
SAME = 0.88
REVERSE = 0.05
# C.1: the best to be expected of a sweep whose models give plausible answers at random, not their mean.
BASELINE = 0.05
# C.2, Figure 9: the highest reverse accuracy of each model over learning rates and batch sizes.
FIGURE_9 = {"Llama-7b": 0.03, "Llama-13b": 0.05, "Llama-30b": 0.04}
# C.2: between which reverse accuracy fluctuates in twenty epochs, five seeds a model.
EPOCHS_20 = (0.0, 0.07)
