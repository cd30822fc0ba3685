using System.Text.Json;

namespace PolaFormer.Cli.Tests;

public class JsonTests
{
    [Fact]
    public void NumbersThatAreNotFiniteAreNull()
    {
        var values = new { a = double.NaN, b = float.PositiveInfinity, c = (double?)double.NegativeInfinity, d = new[] { 0.1f, float.NaN }, e = 0.1 };
        Assert.Equal("""{"a":null,"b":null,"c":null,"d":[0.1,null],"e":0.1}""", Json.Object(values).ToJsonString());
    }

    [Fact]
    public void ControlCharactersAreEscaped()
    {
        string text = JsonSerializer.Serialize(Json.Node(new { name = "\u001b[31m\u0007" }));
        Assert.DoesNotContain(text, char.IsControl);
    }
}
