using PolaFormer.Analysis;
using PolaFormer.NN.Attention;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Cli.Analysis;

/// <summary>An image, what the network's attentions were given for it, and the picture to draw over.</summary>
/// <param name="File">The image's file.</param>
/// <param name="Layers">The attentions, first layer first.</param>
/// <param name="Picture">What the network saw, large enough to look at.</param>
/// <param name="Classifier">The network.</param>
/// <param name="Input">What the network saw, (1, H, W, 3).</param>
internal sealed record ProbedImage(string File, IReadOnlyList<ProbedLayer> Layers, Image Picture, ImageClassifier Classifier, Tensor Input)
{
    private const int PictureSide = 288;

    /// <summary>Loads a checkpoint and shows it an image, or images of a folder and the folders in it, evenly spread over them.</summary>
    /// <param name="path">The image or the folder.</param>
    /// <param name="checkpoint">The network's file.</param>
    /// <param name="model">Its registered architecture; found out where null.</param>
    /// <param name="most">The most images of a folder.</param>
    /// <exception cref="ArgumentException">The network has no attention that could be looked into.</exception>
    /// <exception cref="ImageException">There is no image, or one cannot be decoded.</exception>
    public static IEnumerable<ProbedImage> Each(string path, string checkpoint, string? model, int most = int.MaxValue)
    {
        var classifier = ImageClassifier.Load(checkpoint, new ClassifierOptions { ModelName = model, OptimizeForInference = false });
        IReadOnlyList<string> files = FilesOf(path);
        int count = Math.Min(files.Count, most);
        for (int i = 0; i < count; i++)
            yield return Of(files[(int)((i + 0.5) * files.Count / count)], classifier);
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

        // The layer's own mechanism without what it has learned is another line of a chart.
        AttentionEntry titled = entry.Title == layer.MechanismName ? entry with { Title = $"{entry.Title}, untrained" } : entry;
        AttentionMechanism mechanism = titled.Create(shape);
        mechanism.Initialize(0);
        mechanism.Evaluate();
        bool isGated = mechanism.Traits.HasFlag(AttentionTraits.Gated);
        return new ProbedLayer(layer.Name, mechanism, inputs with { Gate = isGated ? inputs.Gate ?? Tensor.Full(inputs.Query.Source.Shape, 1) : default(Columns?), Rotary = null });
    }

    /// <summary>A layer, and the same inputs under other mechanisms; its own is left out of these where it has nothing to learn.</summary>
    public static IEnumerable<ProbedLayer> Beside(ProbedLayer layer, IReadOnlyList<AttentionEntry> others) =>
        others.Where(entry => entry.Title != layer.MechanismName || layer.Mechanism.ParameterCount > 0).Select(entry => Under(layer, entry)).Prepend(layer);

    /// <summary>From a pixel X,Y of the file to a place in what the network sees, both axes in [0, 1); the middle where there is no text.</summary>
    /// <exception cref="ArgumentException">It is no pixel of the image, or one that the network does not see.</exception>
    public (float X, float Y) PlaceOf(string? pixel)
    {
        if (pixel is null)
            return (0.5f, 0.5f);
        string[] parts = pixel.Split(',');
        if (parts.Length != 2 || !Numbers.TryRead(parts[0], out float x) || !Numbers.TryRead(parts[1], out float y))
            throw new ArgumentException($"--query takes a pixel X,Y, not '{pixel}'.");
        using Image image = ImageDecoder.Decode(File, Classifier.Decoding);
        if (!(x >= 0 && x < image.Width && y >= 0 && y < image.Height))
            throw new ArgumentException($"--query {pixel} lies outside the image of {image.Width}×{image.Height} pixels.");
        float margin = (1 - ((float)Classifier.Transform.ImageSize / Classifier.Transform.ResizeSize)) / 2;
        (float X, float Y) place = (((x / image.Width) - margin) / (1 - (2 * margin)), ((y / image.Height) - margin) / (1 - (2 * margin)));
        return place is { X: >= 0 and < 1, Y: >= 0 and < 1 } ? place : throw new ArgumentException($"--query {pixel} lies in the margin that the network's transform cuts off.");
    }

    /// <summary>What the network has to do with the logit of a class, by name or number from 0; the most probable one where null.</summary>
    /// <returns>The probe and the class's name.</returns>
    /// <exception cref="ArgumentException">There is no such class.</exception>
    public (ClassProbe Probe, string Name) ForClass(string? name)
    {
        IReadOnlyList<string> labels = Classifier.Labels;
        int? chosen = null;
        if (name is not null)
        {
            int index = labels.Index().FirstOrDefault(label => label.Item == name, (Index: -1, Item: "")).Index;
            chosen = index >= 0 ? index
                : Numbers.TryRead(name, out int number) && number >= 0 && number < Classifier.Model.NumClasses ? number
                : throw new ArgumentException($"There is no class '{name}'. There are {(labels.Count is > 0 and <= 20 ? string.Join(", ", labels) : $"0 to {Classifier.Model.NumClasses - 1}")}.");
        }

        ClassProbe probe = AttentionProbe.RunForClass(Classifier.Model, Input, chosen);
        return (probe, labels.Count > 0 ? labels[probe.Class] : $"{probe.Class}");
    }

    private static IReadOnlyList<string> FilesOf(string path)
    {
        if (!Directory.Exists(path))
            return [path];
        IReadOnlyList<string> files = ImageFiles.In(path, recursive: true);
        return files.Count > 0 ? files : throw new ImageException($"{path}: there is no image in it");
    }

    private static ProbedImage Of(string file, ImageClassifier classifier)
    {
        using Image image = ImageDecoder.Decode(file, classifier.Decoding);
        EvalTransform transform = classifier.Transform;
        Tensor input = Tensor.Empty([1, transform.ImageSize, transform.ImageSize, Image.Channels], device: classifier.Model.Device);
        input.Write<float>(pixels => transform.Apply(image, pixels));
        IReadOnlyList<ProbedLayer> layers = AttentionProbe.Run(classifier.Model, input);
        if (layers.Count == 0)
            throw new ArgumentException($"{classifier.Model.GetType().Name} has no attention to look into.");
        return new ProbedImage(file, layers, new EvalTransform(Math.Max(PictureSide, transform.ImageSize), transform.ResizeMode).Pixels(image), classifier, input);
    }
}
