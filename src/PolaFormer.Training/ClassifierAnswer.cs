namespace PolaFormer.Training;

/// <summary>What a classifier says of one labelled image.</summary>
/// <param name="Index">The image's position in the data set.</param>
/// <param name="Label">Its class.</param>
/// <param name="Top">The most probable classes with their probabilities, most probable first; five at most.</param>
/// <param name="LabelProbability">Probability of its class.</param>
public sealed record ClassifierAnswer(int Index, int Label, IReadOnlyList<(int Class, float Probability)> Top, float LabelProbability)
{
    /// <summary>The most probable class.</summary>
    public int Class => Top[0].Class;

    /// <summary>Its probability.</summary>
    public float Probability => Top[0].Probability;

    /// <summary>Whether the most probable class is the image's.</summary>
    public bool IsRight => Class == Label;
}
