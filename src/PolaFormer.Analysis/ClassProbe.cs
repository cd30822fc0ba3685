namespace PolaFormer.Analysis;

/// <summary>What a network's attentions and its last feature map have to do with the logit of a class.</summary>
/// <param name="Class">The class.</param>
/// <param name="Logit">Its logit.</param>
/// <param name="Layers">All attentions, first layer first, with the logit's derivatives by their values.</param>
/// <param name="Features">The last feature map, (rows, columns, channels).</param>
/// <param name="Gradient">The logit's derivatives by the features.</param>
/// <param name="FeatureRows">Rows of the feature map; 0 for one that is a sequence with a class token.</param>
/// <param name="FeatureColumns">Columns of the feature map.</param>
public sealed record ClassProbe(int Class, float Logit, IReadOnlyList<ProbedLayer> Layers, float[] Features, float[] Gradient, int FeatureRows, int FeatureColumns);
