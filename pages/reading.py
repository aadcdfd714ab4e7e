"""Where all this comes from."""

from pages.shared import display, lab
from pages.shared.frame import lesson
from pages.shared.parts import reading_list

lesson.begin_lesson("reading")

"# Further reading"

with lab.plain_errors():
    "## The Keras.io example"
    """
    [Convolutional autoencoder for image denoising](https://keras.io/examples/vision/autoencoder/) (Santiago
    L. Valdarrama, 2021) trains a convolutional autoencoder on MNIST, first on clean digits, then on noisy
    ones. This is the lesson of the CAE and the DAE, done differently.
    """
    reading_list.show_digits()
    reading_list.ask_code_size()

    "## The papers"
    """
    - Geoffrey Hinton and Ruslan Salakhutdinov (2006). [Reducing the dimensionality of data with neural
      networks](https://doi.org/10.1126/science.1127647). *Science* 313, 504–507. Deep autoencoders, compared
      with PCA: the lesson **FAE**.
    - Pierre Baldi and Kurt Hornik (1989). [Neural networks and principal component analysis: learning from
      examples without local minima](https://doi.org/10.1016/0893-6080%2889%2990014-2). *Neural Networks* 2,
      53–58. Why a linear autoencoder can at best be PCA: the lesson **FAE**, under its switch **Linear
      network**.
    - Pascal Vincent, Hugo Larochelle, Yoshua Bengio and Pierre-Antoine Manzagol (2008). [Extracting and
      composing robust features with denoising autoencoders](https://doi.org/10.1145/1390156.1390294). *ICML
      2008*, 1096–1103. Spoil the input, ask for the clean one: the lessons **DAE** and **What is the
      difference?**
    """

    "## And now, your turn"
    lab.draw_page_link(
        "latent_space", "**Latent space**: where digits lie, and what lies between", ":material/scatter_plot:"
    )
    lab.draw_page_link("your_digit", "**Your digit**: draw or upload one", ":material/draw:")
    lab.draw_page_link("runs", "**Runs**: compare all networks, take them along", ":material/list:")

display.show_dataset_note()
lesson.end_lesson("reading")
