using PolaFormer.Server.Models;

namespace PolaFormer.Server.Tests;

/// <summary>A model that answers with the pixels it was given, when it is let.</summary>
internal sealed class FakeModel : ServedModel
{
    private readonly SemaphoreSlim? _gate;
    private readonly float _offset;

    /// <param name="gate">Every pass takes one from it; null for none.</param>
    /// <param name="offset">Added to each pixel.</param>
    public FakeModel(SemaphoreSlim? gate = null, float offset = 0) => (_gate, _offset) = (gate, offset);

    /// <summary>What passed the model, batch after batch.</summary>
    public List<float[]> Batches { get; } = [];

    public override ModelTask Task => ModelTask.Classification;

    public override string Architecture => "fake";

    public override IReadOnlyList<string> Labels => ["one"];

    public override IReadOnlyList<TensorInfo> Inputs => [new(PixelsInput, "FP32", -1, 1)];

    public override IReadOnlyList<TensorInfo> Outputs => [new("probabilities", "FP32", -1, 1)];

    public override bool IsBatched => true;

    public override ModelInput FromPixels(float[] values, bool wantsEmbedding) => new PixelValues(values);

    public override ModelInput Example() => new PixelValues([float.NegativeInfinity]);

    public override ModelResult[] Run(IReadOnlyList<ModelInput> inputs)
    {
        float[] values = [.. inputs.Select(input => ((PixelValues)input).Values[0])];
        if (values[0] == float.NegativeInfinity)
            return [new ClassScores([0])];
        lock (Batches)
            Batches.Add(values);
        _gate?.Wait();
        if (values.Contains(float.MaxValue))
            throw new InvalidOperationException("A pixel that this model fails for.");
        return [.. values.Select(value => new ClassScores([value + _offset]))];
    }
}
