using PolaFormer.Vision;

namespace PolaFormer.Server.Models;

/// <summary>A network of any task behind one interface: inputs are prepared on the threads of requests, batches computed on the model's own.</summary>
internal abstract class ServedModel
{
    /// <summary>Name of the input that takes image files.</summary>
    public const string ImageInput = "image";

    /// <summary>Name of the input that takes normalised pixels.</summary>
    public const string PixelsInput = "pixels";

    /// <summary>Names of the inputs that take texts.</summary>
    public const string TextInput = "text", SecondTextInput = "second";

    /// <summary>What the network does.</summary>
    public abstract ModelTask Task { get; }

    /// <summary>Name of the network's architecture.</summary>
    public abstract string Architecture { get; }

    /// <summary>Names of the classes in order.</summary>
    public abstract IReadOnlyList<string> Labels { get; }

    /// <summary>The tensors that it takes; of <c>image</c> and <c>pixels</c> a request gives one.</summary>
    public abstract IReadOnlyList<TensorInfo> Inputs { get; }

    /// <summary>The tensors that it gives.</summary>
    public abstract IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>
    /// Whether several inputs pass the network together. Where padding or sizes would make an answer depend on the inputs beside it,
    /// they pass one by one.
    /// </summary>
    public virtual bool IsBatched => false;

    /// <summary>Whether the inputs are images.</summary>
    public bool TakesImages => Inputs[0].Name == ImageInput;

    /// <summary>Whether the attention of the network can be shown.</summary>
    public virtual bool HasAttention => false;

    /// <summary>Decodes an image file and prepares it.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="pixelLimit">Images of more pixels are refused.</param>
    /// <param name="wantsEmbedding">Whether the embedding is asked for.</param>
    /// <exception cref="ImageException">It is no image that can be decoded, or too large.</exception>
    /// <exception cref="ServingException">The network takes no images, or has no embedding.</exception>
    public virtual ModelInput FromImage(ReadOnlySpan<byte> file, long pixelLimit, bool wantsEmbedding) =>
        throw ServingException.Unprocessable("The model takes texts. Send text/plain, or the form field 'text'.");

    /// <summary>Takes pixels that the client has normalised.</summary>
    /// <exception cref="ServingException">The network does not take them, or they are of another size.</exception>
    public virtual ModelInput FromPixels(float[] values, bool wantsEmbedding) =>
        throw ServingException.Unprocessable($"The model does not take the input '{PixelsInput}'.");

    /// <summary>Takes a text, or two.</summary>
    /// <exception cref="ServingException">The network takes no texts, or another number of them.</exception>
    public virtual ModelInput FromText(byte[] first, byte[]? second) =>
        throw ServingException.Unprocessable("The model takes images. Send an image file.");

    /// <summary>An input for the run that warms the network up.</summary>
    public abstract ModelInput Example();

    /// <summary>Computes the answers. May be called from several threads at once.</summary>
    /// <param name="inputs">At least one; one alone where the network is not batched.</param>
    /// <exception cref="NotFiniteNumberException">A result is NaN.</exception>
    public abstract ModelResult[] Run(IReadOnlyList<ModelInput> inputs);

    /// <summary>A gray photograph.</summary>
    protected static Image GrayImage(int side)
    {
        var image = new Image(side, side);
        image.Pixels.Fill(128);
        return image;
    }
}
