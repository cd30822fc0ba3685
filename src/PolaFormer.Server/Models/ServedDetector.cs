using PolaFormer.Detection;
using PolaFormer.Vision;

namespace PolaFormer.Server.Models;

/// <summary>A detector; photographs pass it one by one, for in a batch they are padded to a common size.</summary>
internal sealed class ServedDetector(ObjectDetector detector, string architecture) : ServedModel
{
    private const int ExampleSide = 64;

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Detection;

    /// <inheritdoc/>
    public override string Architecture => architecture;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Labels { get; } = [.. detector.Categories.Select(category => category.Name)];

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Inputs => [new(ImageInput, "BYTES", 1)];

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Outputs => [new("boxes", "FP32", -1, 4), new("scores", "FP32", -1), new("labels", "INT64", -1)];

    /// <inheritdoc/>
    public override ModelInput FromImage(ReadOnlySpan<byte> file, long pixelLimit, bool wantsEmbedding) => wantsEmbedding
        ? throw ServingException.Unprocessable("A detector gives no embedding.")
        : new Photograph(ImageDecoder.Decode(file, detector.Decoding with { PixelLimit = pixelLimit }));

    /// <inheritdoc/>
    public override ModelInput Example() => new Photograph(GrayImage(ExampleSide));

    /// <inheritdoc/>
    public override ModelResult[] Run(IReadOnlyList<ModelInput> inputs) =>
    [
        .. inputs.Select(input =>
        {
            Image image = ((Photograph)input).Image;
            return new FoundObjects(detector.Detect(image), image.Width, image.Height);
        }),
    ];
}
