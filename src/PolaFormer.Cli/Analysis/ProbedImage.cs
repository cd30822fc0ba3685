using PolaFormer.Analysis;
using PolaFormer.NN.Attention;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Cli.Analysis;

/// <summary>An image, what the network's attentions were given for it, and the picture to draw over.</summary>
/// <param name="Layers">The attentions, first layer first.</param>
/// <param name="Picture">What the network saw, large enough to look at.</param>
/// <param name="Classifier">The network.</param>
internal sealed record ProbedImage(IReadOnlyList<ProbedLayer> Layers, Image Picture, ImageClassifier Classifier)
{
    private const int PictureSide = 288;

    /// <summary>Loads a checkpoint and shows it an image.</summary>
    /// <exception cref="ArgumentException">The network has no attention that could be looked into.</exception>
    public static ProbedImage Load(string file, string checkpoint, string? model)
    {
        var classifier = ImageClassifier.Load(checkpoint, new ClassifierOptions { ModelName = model, OptimizeForInference = false });
        using Image image = ImageDecoder.Decode(file, classifier.Decoding);
        EvalTransform transform = classifier.Transform;
        Tensor input = Tensor.Empty([1, transform.ImageSize, transform.ImageSize, Image.Channels], device: classifier.Model.Device);
        input.Write<float>(pixels => transform.Apply(image, pixels));
        IReadOnlyList<ProbedLayer> layers = AttentionProbe.Run(classifier.Model, input);
        if (layers.Count == 0)
            throw new ArgumentException($"{classifier.Model.GetType().Name} has no attention to look into.");
        return new ProbedImage(layers, new EvalTransform(Math.Max(PictureSide, transform.ImageSize), transform.ResizeMode).Pixels(image), classifier);
    }

    /// <summary>The layers that an option names: by number from 1, by name, or all.</summary>
    /// <exception cref="ArgumentException">There is no such layer.</exception>
    public IReadOnlyList<ProbedLayer> Chosen(string? name)
    {
        if (name is null)
            return Layers;
        if (Numbers.TryRead(name, out int number) && number >= 1 && number <= Layers.Count)
            return [Layers[number - 1]];
        return Layers.FirstOrDefault(layer => layer.Name == name) is { } layer
            ? [layer]
            : throw new ArgumentException($"There is no layer '{name}'. There are 1 to {Layers.Count}: {string.Join(", ", Layers.Select(layer => layer.Name))}.");
    }

    /// <summary>The same queries, keys and values under another mechanism, its own parameters as freshly made.</summary>
    public static ProbedLayer Under(ProbedLayer layer, AttentionEntry entry)
    {
        AttentionInputs inputs = layer.Inputs;
        var shape = new AttentionShape(layer.Mechanism.Shape.Dim, layer.NumHeads, inputs.Query.Tokens)
        {
            KeyTokens = inputs.Key.Tokens,
            Height = inputs.Height,
            Width = inputs.Width,
            PrefixTokens = inputs.PrefixTokens,
        };
        AttentionMechanism mechanism = entry.Create(shape);
        mechanism.Initialize(0);
        mechanism.Evaluate();
        bool isGated = mechanism.Traits.HasFlag(AttentionTraits.Gated);
        return new ProbedLayer(layer.Name, mechanism, inputs with { Gate = isGated ? inputs.Gate ?? Tensor.Full(inputs.Query.Source.Shape, 1) : default(Columns?), Rotary = null });
    }
}
