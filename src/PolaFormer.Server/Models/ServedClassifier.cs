using PolaFormer.Models;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Vision;

namespace PolaFormer.Server.Models;

/// <summary>A classifier of images, whose input of the last layer is an embedding.</summary>
internal sealed class ServedClassifier : ServedModel
{
    private readonly ImageClassifier _classifier;
    private readonly string[] _labels;
    private readonly int _side, _embedding;

    /// <summary>Serves a classifier.</summary>
    public ServedClassifier(ImageClassifier classifier, string architecture)
    {
        (_classifier, _side, Architecture) = (classifier, classifier.Transform.ImageSize, architecture);
        _labels = classifier.Labels.Count > 0 ? [.. classifier.Labels] : [.. Enumerable.Range(0, classifier.Model.NumClasses).Select(i => $"class {i}")];
        ClassScores example = (ClassScores)Run([new PixelValues(new float[_side * _side * Image.Channels], WantsEmbedding: true)])[0];
        _embedding = example.Embedding!.Length;
    }

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Classification;

    /// <inheritdoc/>
    public override string Architecture { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Labels => _labels;

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Inputs => [new(ImageInput, "BYTES", -1), new(PixelsInput, "FP32", -1, _side, _side, Image.Channels)];

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Outputs =>
        [new("probabilities", "FP32", -1, _labels.Length), new("logits", "FP32", -1, _labels.Length), new("embedding", "FP32", -1, _embedding)];

    /// <inheritdoc/>
    public override bool IsBatched => true;

    /// <inheritdoc/>
    public override bool HasAttention => true;

    /// <inheritdoc/>
    public override ModelInput FromImage(ReadOnlySpan<byte> file, long pixelLimit, bool wantsEmbedding)
    {
        using Image image = ImageDecoder.Decode(file, _classifier.Decoding with { PixelLimit = pixelLimit });
        return Prepared(image, wantsEmbedding);
    }

    /// <inheritdoc/>
    public override ModelInput FromPixels(float[] values, bool wantsEmbedding)
    {
        if (values.Length != _side * _side * Image.Channels)
            throw ServingException.Unprocessable($"An image of the input '{PixelsInput}' has {_side} × {_side} × {Image.Channels} values, not {values.Length}.");
        return values.All(float.IsFinite) ? new PixelValues(values, wantsEmbedding) : throw ServingException.Unprocessable($"The input '{PixelsInput}' holds a number that is not finite.");
    }

    /// <inheritdoc/>
    public override ModelInput Example()
    {
        using Image image = GrayImage(_side);
        return Prepared(image, wantsEmbedding: false);
    }

    /// <inheritdoc/>
    public override ModelResult[] Run(IReadOnlyList<ModelInput> inputs)
    {
        using var scope = MemoryScope.Enter();
        VisionModel model = _classifier.Model;
        int length = _side * _side * Image.Channels;
        Tensor images = Tensor.Empty([inputs.Count, _side, _side, Image.Channels], device: model.Device);
        images.Write<float>(values =>
        {
            for (int i = 0; i < inputs.Count; i++)
                ((PixelValues)inputs[i]).Values.CopyTo(values[(i * length)..]);
        });
        float[]? embeddings = null;
        Tensor logits;
        if (inputs.Any(input => ((PixelValues)input).WantsEmbedding))
        {
            Tensor features = model.ForwardFeatures(images);
            embeddings = model.ForwardPooled(features).ToArray();
            logits = model.ForwardHead(features);
        }
        else
        {
            logits = model.Forward(images);
        }

        return Split(inputs, logits.ToArray(), logits.Softmax().ToArray(), embeddings);
    }

    private PixelValues Prepared(Image image, bool wantsEmbedding)
    {
        float[] values = GC.AllocateUninitializedArray<float>(_side * _side * Image.Channels);
        _classifier.Transform.Apply(image, values);
        return new PixelValues(values, wantsEmbedding);
    }

    private ModelResult[] Split(IReadOnlyList<ModelInput> inputs, float[] logits, float[] probabilities, float[]? embeddings)
    {
        var results = new ModelResult[inputs.Count];
        int classes = _labels.Length, width = embeddings is null ? 0 : embeddings.Length / inputs.Count;
        for (int i = 0; i < results.Length; i++)
        {
            float[] own = probabilities[(i * classes)..((i + 1) * classes)];
            if (Array.Exists(own, float.IsNaN))
                throw new NotFiniteNumberException("The network gives NaN for this image.");
            float[]? embedding = embeddings is not null && ((PixelValues)inputs[i]).WantsEmbedding ? embeddings[(i * width)..((i + 1) * width)] : null;
            results[i] = new ClassScores(own, logits[(i * classes)..((i + 1) * classes)], embedding);
        }

        return results;
    }
}
