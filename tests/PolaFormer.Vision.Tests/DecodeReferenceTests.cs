namespace PolaFormer.Vision.Tests;

public class DecodeReferenceTests
{
    [Theory]
    [InlineData("decode_jpeg")]
    [InlineData("decode_png")]
    public void DecodedPixelsEqualPillows(string name)
    {
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
