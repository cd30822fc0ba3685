using PolaFormer.Analysis;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Server.Models;

/// <summary>Where a classifier looks: a copy of it whose attention can be read, which one that is made for inference alone does not allow.</summary>
internal sealed class ServedAttention
{
    private readonly ImageClassifier _classifier;

    private ServedAttention(ImageClassifier classifier) => _classifier = classifier;

    /// <summary>Loads a classifier's checkpoint on the device of this thread.</summary>
    /// <exception cref="Checkpoints.CheckpointException">The file cannot be read.</exception>
    public static ServedAttention Load(string path) => new(ImageClassifier.Load(path, new ClassifierOptions { OptimizeForInference = false }));

    /// <summary>Share of the image's sides that the network sees, the middle of it.</summary>
    public double SeenShare => (double)_classifier.Transform.ImageSize / _classifier.Transform.ResizeSize;

    /// <summary>Decodes an image file.</summary>
    /// <exception cref="ImageException">It is no image that can be decoded.</exception>
    public ModelInput FromImage(ReadOnlySpan<byte> file, long pixelLimit, float x, float y)
    {
        using Image image = ImageDecoder.Decode(file, _classifier.Decoding with { PixelLimit = pixelLimit });
        EvalTransform transform = _classifier.Transform;
        float[] values = new float[transform.ImageSize * transform.ImageSize * Image.Channels];
        transform.Apply(image, values);
        return new AttentionQuery(values, x, y);
    }

    /// <summary>The attention of one query in every layer.</summary>
    public ModelResult[] Run(IReadOnlyList<ModelInput> inputs) => [.. inputs.Select(input => Run((AttentionQuery)input))];

    private AttentionRows Run(AttentionQuery query)
    {
        int side = _classifier.Transform.ImageSize;
        Tensor image = Tensor.From(query.Values, [1, side, side, Image.Channels], _classifier.Model.Device);
        return new AttentionRows([.. AttentionProbe.Run(_classifier.Model, image).Select(layer => RowOf(layer, query))], SeenShare);
    }

    // The mean of all heads.
    private static AttentionRow RowOf(ProbedLayer layer, AttentionQuery query)
    {
        int row = Math.Min((int)(query.Y * layer.Height), layer.Height - 1), column = Math.Min((int)(query.X * layer.Width), layer.Width - 1);
        float[][] weights = AttentionWeights.Row(layer, layer.PrefixTokens + (row * layer.Width) + column);
        int stride = layer.KeyStride, height = layer.Height / stride, width = layer.Width / stride;
        float[] mean = new float[height * width];
        foreach (float[] part in weights)
        {
            ReadOnlySpan<float> grid = part.AsSpan(part.Length - mean.Length);
            for (int i = 0; i < mean.Length; i++)
                mean[i] += grid[i] / weights.Length;
        }

        return new AttentionRow(layer.Name, layer.MechanismName, height, width, mean, (row + 0.5f) / layer.Height, (column + 0.5f) / layer.Width);
    }
}

/// <summary>An image, and the place whose attention is asked for.</summary>
/// <param name="Values">Height · width · 3 normalised values.</param>
/// <param name="X">From the left edge of what the network sees, in [0, 1].</param>
/// <param name="Y">From the upper edge, in [0, 1].</param>
internal sealed record AttentionQuery(float[] Values, float X, float Y) : ModelInput;

/// <summary>The attention of one query in every layer.</summary>
/// <param name="Layers">First layer first.</param>
/// <param name="SeenShare">Share of the image's sides that the network sees, the middle of it.</param>
internal sealed record AttentionRows(IReadOnlyList<AttentionRow> Layers, double SeenShare) : ModelResult;

/// <summary>The weights of a layer's keys for one query, the mean of all heads.</summary>
/// <param name="Layer">Name of the layer.</param>
/// <param name="Mechanism">Name of the mechanism.</param>
/// <param name="Height">Rows of keys.</param>
/// <param name="Width">Columns of keys.</param>
/// <param name="Weights">(Height, Width).</param>
/// <param name="QueryY">Middle of the query's token from the upper edge, in [0, 1].</param>
/// <param name="QueryX">Middle of the query's token from the left edge, in [0, 1].</param>
internal sealed record AttentionRow(string Layer, string Mechanism, int Height, int Width, float[] Weights, float QueryY, float QueryX);
