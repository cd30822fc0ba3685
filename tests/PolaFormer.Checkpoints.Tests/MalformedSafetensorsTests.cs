using System.Buffers.Binary;
using System.Text;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Headers written by hand.</summary>
public class MalformedSafetensorsTests
{
    private const string A = """ "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]} """;

    [Fact]
    public void AWellFormedHeaderIsRead()
    {
        using Checkpoint checkpoint = Checkpoint.Parse(File("{" + A + "}   ", 8), "test");
        Assert.Equal(8, checkpoint["a"].ByteCount);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", 16, "where Float32 (2) takes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16, "leave a gap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "lies at bytes 0 to 8 of 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "the file at 12")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "lies at bytes 8 to 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8, "not two whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "not two whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "no whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", 8, "no whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,2],"data_offsets":[0,8]}}""", 8, "more than 6 dimensions")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,2],"data_offsets":[0,8]}}""", 8, "more elements than can be counted")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,0],"data_offsets":[0,0]}}""", 0, "more elements than can be counted")]
    [InlineData("""{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", 8, "dtype F8_E4M3, which is not read here")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "holds a twice")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "field dtype too many")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 0, "lacks its dtype, shape or data_offsets")]
    [InlineData("""{"a":[]}""", 0, "is no object")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "is no string")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"}}""", 0, "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[[[[[[[[2]]]]]]]]],"data_offsets":[0,8]}}""", 8, "no whole number")]
    [InlineData("""{"a":""", 0, "header is damaged")]
    [InlineData("""{} {}""", 0, "header is damaged")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0, "header is damaged")]
    public void DamageIsReportedWithItsPlace(string header, int data, string message) =>
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Checkpoint.Parse(File(header, data), "test")).Message);

    [Fact]
    public void InvalidUtf8IsRefused()
    {
        byte[] file = File("{\"?\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0);
        file[10] = 0xFF;
        Assert.Throws<CheckpointException>(() => Checkpoint.Parse(file, "test"));
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(100UL)]
    public void AHeaderLongerThanTheFileIsRefused(ulong length)
    {
        byte[] file = File("{}", 0);
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        Assert.Contains("header claims", Assert.Throws<CheckpointException>(() => Checkpoint.Parse(file, "test")).Message);
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        byte[] file = Fixture.Bytes("oddities.safetensors");
        for (int length = 0; length < file.Length; length += 7)
            Assert.Throws<CheckpointException>(() => Checkpoint.Parse(file.AsMemory(0, length), "test"));
    }

    private static byte[] File(string header, int data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] file = new byte[8 + json.Length + data];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        return file;
    }
}
