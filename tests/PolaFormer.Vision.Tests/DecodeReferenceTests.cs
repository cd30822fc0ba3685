namespace PolaFormer.Vision.Tests;

public class DecodeReferenceTests
{
    [Theory]
    [InlineData("decode_jpeg", Codecs.OfTheSystem)]
    [InlineData("decode_jpeg", Codecs.OfThePackages)]
    [InlineData("decode_png", Codecs.OfTheSystem)]
    [InlineData("decode_png", Codecs.OfThePackages)]
    public void DecodedPixelsEqualPillows(string name, string codecs)
    {
        using IDisposable? use = Codecs.Use(codecs);
        string folder = SharedData.Fixture($"E_images/{name}");
        var reference = new ReferenceTensors(Path.Combine(folder, "case.safetensors"));
        foreach (string tensor in reference.Names)
        {
            string file = tensor["out.".Length..];
            using Image image = ImageDecoder.Decode(Path.Combine(folder, file));
            ImageAssert.Equal(reference.Image(tensor), image, file);
        }
    }
}
