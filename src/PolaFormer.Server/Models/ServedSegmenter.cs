using PolaFormer.Segmentation;
using PolaFormer.Vision;

namespace PolaFormer.Server.Models;

/// <summary>A segmentation network; photographs of other sizes pass it one by one.</summary>
internal sealed class ServedSegmenter(ImageSegmenter segmenter, string architecture) : ServedModel
{
    private const int ExampleSide = 64;

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Segmentation;

    /// <inheritdoc/>
    public override string Architecture => architecture;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Labels => segmenter.Classes.Names;

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Inputs => [new(ImageInput, "BYTES", 1)];

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Outputs => [new("classes", "UINT8", -1, -1)];

    /// <inheritdoc/>
    public override ModelInput FromImage(ReadOnlySpan<byte> file, long pixelLimit, bool wantsEmbedding) => wantsEmbedding
        ? throw ServingException.Unprocessable("A segmentation network gives no embedding.")
        : new Photograph(ImageDecoder.Decode(file, segmenter.Decoding with { PixelLimit = pixelLimit }));

    /// <inheritdoc/>
    public override ModelInput Example() => new Photograph(GrayImage(ExampleSide));

    /// <inheritdoc/>
    public override ModelResult[] Run(IReadOnlyList<ModelInput> inputs) => [.. inputs.Select(input => new PixelClasses(segmenter.Segment(((Photograph)input).Image)))];
}
