namespace PolaFormer.Pipelines;

/// <summary>One class that an image may belong to.</summary>
/// <param name="Label">The class's name, or <c>class 123</c> where the checkpoint has none.</param>
/// <param name="Index">Position in the logits.</param>
/// <param name="Probability">Softmax of the logits, in [0, 1].</param>
public readonly record struct Prediction(string Label, int Index, float Probability);
